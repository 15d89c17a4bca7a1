package com.example.clinic.api;

import java.util.List;

import com.example.clinic.service.PatientService;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Patients as JSON.
 */
@RestController
@RequestMapping("/api/patients")
public class PatientResource {

	private final PatientService patients;

	public PatientResource(PatientService patients) {
		this.patients = patients;
	}

	@GetMapping
	List<PatientSummary> list(@RequestParam(defaultValue = "") String name) {
		return this.patients.search(name).stream().map(PatientSummary::of).toList();
	}

	@GetMapping("/{id}")
	PatientSummary get(@PathVariable long id) {
		return PatientSummary.of(this.patients.get(id));
	}

}
