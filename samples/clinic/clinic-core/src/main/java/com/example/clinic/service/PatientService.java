package com.example.clinic.service;

import java.util.List;

import com.example.clinic.model.Patient;
import com.example.clinic.repository.PatientRepository;

import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * Finds and registers patients.
 */
@Service
@Transactional
public class PatientService {

	private final PatientRepository patients;

	public PatientService(PatientRepository patients) {
		this.patients = patients;
	}

	@Transactional(readOnly = true)
	public List<Patient> search(String beginning) {
		return this.patients.findByLastNameStartingWithIgnoreCaseOrderByLastName(beginning.strip());
	}

	@Transactional(readOnly = true)
	public Patient get(long id) {
		return this.patients.findById(id).orElseThrow(() -> new NotFoundException("patient", id));
	}

	public Patient register(Patient patient) {
		return this.patients.save(patient);
	}

}
