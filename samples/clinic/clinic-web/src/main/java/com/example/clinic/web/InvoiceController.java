package com.example.clinic.web;

import com.example.clinic.service.BillingService;

import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;

/**
 * All invoices.
 */
@Controller
public class InvoiceController {

	private final BillingService billing;

	public InvoiceController(BillingService billing) {
		this.billing = billing;
	}

	@GetMapping("/invoices")
	public String list(Model model) {
		model.addAttribute("invoices", this.billing.all());
		return "invoices/list";
	}

}
