package com.example.clinic.api;

import java.time.LocalDate;
import java.util.List;

import com.example.clinic.service.AppointmentService;
import com.example.clinic.service.PractitionerService;
import com.example.clinic.service.TreatmentService;

import org.springframework.format.annotation.DateTimeFormat;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Free times as JSON.
 */
@RestController
public class SlotResource {

	private final AppointmentService appointments;

	private final PractitionerService practitioners;

	private final TreatmentService treatments;

	public SlotResource(AppointmentService appointments, PractitionerService practitioners,
			TreatmentService treatments) {
		this.appointments = appointments;
		this.practitioners = practitioners;
		this.treatments = treatments;
	}

	@GetMapping("/api/slots")
	List<SlotView> free(@RequestParam @DateTimeFormat(iso = DateTimeFormat.ISO.DATE) LocalDate day,
			@RequestParam long practitioner, @RequestParam long treatment) {
		return this.appointments.free(day, this.practitioners.get(practitioner), this.treatments.get(treatment))
			.stream()
			.map(SlotView::of)
			.toList();
	}

}
