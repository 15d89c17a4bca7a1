package com.example.clinic.api;

import com.example.clinic.model.Patient;
import org.jspecify.annotations.Nullable;

/**
 * A patient as JSON.
 *
 * @param id the number
 * @param name first and last name
 * @param address in one line
 */
public record PatientSummary(@Nullable Long id, String name, String address) {

	static PatientSummary of(Patient patient) {
		return new PatientSummary(patient.getId(), patient.getFullName(), patient.getAddress().oneLine());
	}

}
