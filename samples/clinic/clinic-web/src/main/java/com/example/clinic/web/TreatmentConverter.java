package com.example.clinic.web;

import com.example.clinic.model.Treatment;
import com.example.clinic.service.TreatmentService;

import org.springframework.core.convert.converter.Converter;
import org.springframework.stereotype.Component;

/**
 * Reads a treatment's number from a form.
 */
@Component
public class TreatmentConverter implements Converter<String, Treatment> {

	private final TreatmentService treatments;

	public TreatmentConverter(TreatmentService treatments) {
		this.treatments = treatments;
	}

	@Override
	public Treatment convert(String id) {
		return this.treatments.get(Long.parseLong(id));
	}

}
