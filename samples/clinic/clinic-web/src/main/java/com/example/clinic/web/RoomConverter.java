package com.example.clinic.web;

import com.example.clinic.model.Room;
import com.example.clinic.service.TreatmentService;

import org.springframework.core.convert.converter.Converter;
import org.springframework.stereotype.Component;

/**
 * Reads a room's number from a form.
 */
@Component
public class RoomConverter implements Converter<String, Room> {

	private final TreatmentService treatments;

	public RoomConverter(TreatmentService treatments) {
		this.treatments = treatments;
	}

	@Override
	public Room convert(String id) {
		return this.treatments.room(Long.parseLong(id));
	}

}
