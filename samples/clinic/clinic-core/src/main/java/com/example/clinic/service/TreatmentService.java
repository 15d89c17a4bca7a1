package com.example.clinic.service;

import java.util.List;

import com.example.clinic.model.Room;
import com.example.clinic.model.Treatment;
import com.example.clinic.repository.RoomRepository;
import com.example.clinic.repository.TreatmentRepository;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.domain.Sort;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * Knows what is offered, and where.
 */
@Service
@Transactional(readOnly = true)
public class TreatmentService {

	private final TreatmentRepository treatments;

	private final RoomRepository rooms;

	public TreatmentService(TreatmentRepository treatments, RoomRepository rooms) {
		this.treatments = treatments;
		this.rooms = rooms;
	}

	@Cacheable("treatments")
	public List<Treatment> all() {
		return this.treatments.findAll(Sort.by("name"));
	}

	public Treatment get(long id) {
		return this.treatments.findById(id).orElseThrow(() -> new NotFoundException("treatment", id));
	}

	@Cacheable("rooms")
	public List<Room> rooms() {
		return this.rooms.findAll(Sort.by("name"));
	}

	public Room room(long id) {
		return this.rooms.findById(id).orElseThrow(() -> new NotFoundException("room", id));
	}

}
