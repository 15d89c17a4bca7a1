package com.example.clinic.web;

import com.example.clinic.model.Insurance;
import com.example.clinic.model.Patient;
import com.example.clinic.service.AppointmentService;
import com.example.clinic.service.BillingService;
import com.example.clinic.service.PatientService;
import jakarta.validation.Valid;

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
 * Patients: find, show, register.
 */
@Controller
@RequestMapping("/patients")
public class PatientController {

	private final PatientService patients;

	private final AppointmentService appointments;

	private final BillingService billing;

	public PatientController(PatientService patients, AppointmentService appointments, BillingService billing) {
		this.patients = patients;
		this.appointments = appointments;
		this.billing = billing;
	}

	@ModelAttribute("insurances")
	Insurance[] insurances() {
		return Insurance.values();
	}

	@GetMapping
	public String list(@RequestParam(defaultValue = "") String name, Model model) {
		model.addAttribute("name", name);
		model.addAttribute("patients", this.patients.search(name));
		return "patients/list";
	}

	@GetMapping("/new")
	public String form(Model model) {
		model.addAttribute("patient", PatientForm.empty());
		return "patients/form";
	}

	@PostMapping("/new")
	public String register(@Valid @ModelAttribute("patient") PatientForm form, BindingResult result) {
		if (result.hasErrors()) {
			return "patients/form";
		}
		Patient patient = this.patients.register(form.toPatient());
		return "redirect:/patients/" + patient.getId();
	}

	@GetMapping("/{id}")
	public String show(@PathVariable long id, Model model) {
		model.addAttribute("patient", this.patients.get(id));
		model.addAttribute("appointments", this.appointments.of(id));
		model.addAttribute("invoices", this.billing.of(id));
		return "patients/show";
	}

}
