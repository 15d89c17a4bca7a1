package com.example.clinic.web;

import com.example.clinic.service.PractitionerService;

import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;

/**
 * Practitioners and what they offer.
 */
@Controller
public class PractitionerController {

	private final PractitionerService practitioners;

	public PractitionerController(PractitionerService practitioners) {
		this.practitioners = practitioners;
	}

	@GetMapping("/practitioners")
	public String list(Model model) {
		model.addAttribute("practitioners", this.practitioners.all());
		return "practitioners/list";
	}

	@GetMapping("/practitioners/{id}")
	public String show(@PathVariable long id, Model model) {
		model.addAttribute("practitioner", this.practitioners.get(id));
		return "practitioners/show";
	}

}
