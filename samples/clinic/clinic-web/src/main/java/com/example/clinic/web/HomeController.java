package com.example.clinic.web;

import java.time.Clock;
import java.time.LocalDate;

import com.example.clinic.config.ClinicProperties;
import com.example.clinic.service.AppointmentService;

import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;

/**
 * The first page: today's appointments.
 */
@Controller
public class HomeController {

	private final AppointmentService appointments;

	private final ClinicProperties properties;

	private final Greeting greeting;

	private final Clock clock;

	public HomeController(AppointmentService appointments, ClinicProperties properties, Greeting greeting,
			Clock clock) {
		this.appointments = appointments;
		this.properties = properties;
		this.greeting = greeting;
		this.clock = clock;
	}

	@GetMapping("/")
	public String home(Model model) {
		model.addAttribute("practice", this.properties.name());
		model.addAttribute("greeting", this.greeting.text());
		model.addAttribute("appointments", this.appointments.on(LocalDate.now(this.clock)));
		return "home";
	}

}
