package com.example.clinic.web;

import java.time.Clock;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.List;

import com.example.clinic.model.Practitioner;
import com.example.clinic.model.Room;
import com.example.clinic.model.Treatment;
import com.example.clinic.service.AppointmentService;
import com.example.clinic.service.PatientService;
import com.example.clinic.service.PractitionerService;
import com.example.clinic.service.SlotTakenException;
import com.example.clinic.service.TreatmentService;
import jakarta.validation.Valid;

import org.springframework.format.annotation.DateTimeFormat;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.validation.BindingResult;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ModelAttribute;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

/**
 * Appointments: by day, book, cancel, complete.
 */
@Controller
@RequestMapping("/appointments")
public class AppointmentController {

	private final AppointmentService appointments;

	private final PatientService patients;

	private final PractitionerService practitioners;

	private final TreatmentService treatments;

	private final Clock clock;

	public AppointmentController(AppointmentService appointments, PatientService patients,
			PractitionerService practitioners, TreatmentService treatments, Clock clock) {
		this.appointments = appointments;
		this.patients = patients;
		this.practitioners = practitioners;
		this.treatments = treatments;
		this.clock = clock;
	}

	@ModelAttribute("practitioners")
	List<Practitioner> practitioners() {
		return this.practitioners.all();
	}

	@ModelAttribute("treatments")
	List<Treatment> treatments() {
		return this.treatments.all();
	}

	@ModelAttribute("rooms")
	List<Room> rooms() {
		return this.treatments.rooms();
	}

	@GetMapping
	public String day(@RequestParam(required = false) @DateTimeFormat(
			iso = DateTimeFormat.ISO.DATE) @org.jspecify.annotations.Nullable LocalDate day, Model model) {
		LocalDate shown = (day != null) ? day : LocalDate.now(this.clock);
		model.addAttribute("day", shown);
		model.addAttribute("appointments", this.appointments.on(shown));
		return "appointments/day";
	}

	@GetMapping("/new")
	public String form(Model model) {
		model.addAttribute("appointment", AppointmentForm.empty());
		model.addAttribute("patients", this.patients.search(""));
		return "appointments/form";
	}

	@PostMapping("/new")
	public String book(@Valid @ModelAttribute("appointment") AppointmentForm form, BindingResult result, Model model) {
		Treatment treatment = form.treatment();
		Room room = form.room();
		LocalDateTime begins = form.begins();
		if (!result.hasErrors() && treatment != null && room != null && begins != null) {
			try {
				this.appointments.book(this.patients.get(form.patientId()),
						this.practitioners.get(form.practitionerId()), treatment, room, begins);
				return "redirect:/appointments?day=" + begins.toLocalDate();
			}
			catch (SlotTakenException ex) {
				result.rejectValue("begins", "appointment.taken");
			}
		}
		model.addAttribute("patients", this.patients.search(""));
		return "appointments/form";
	}

	@PostMapping("/{id}/cancel")
	public String cancel(@PathVariable long id) {
		this.appointments.cancel(id);
		return "redirect:/appointments";
	}

	@PostMapping("/{id}/complete")
	public String complete(@PathVariable long id) {
		this.appointments.complete(id, LocalDate.now(this.clock));
		return "redirect:/appointments";
	}

}
