package com.example.clinic.service;

import java.time.LocalDate;
import java.util.List;

import com.example.clinic.model.Appointment;
import com.example.clinic.model.Invoice;
import com.example.clinic.model.InvoiceLine;
import com.example.clinic.repository.InvoiceRepository;

import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * Writes invoices: one for each patient and day.
 */
@Service
@Transactional
public class BillingService {

	private final InvoiceRepository invoices;

	private final Tariff tariff;

	public BillingService(InvoiceRepository invoices, Tariff tariff) {
		this.invoices = invoices;
		this.tariff = tariff;
	}

	public Invoice bill(Appointment appointment, LocalDate day) {
		Long patient = appointment.getPatient().getId();
		Invoice invoice = ((patient != null) ? of(patient).stream() : List.<Invoice>of().stream())
			.filter((known) -> known.getIssued().equals(day))
			.findFirst()
			.orElseGet(() -> new Invoice(appointment.getPatient(), day));
		invoice.add(new InvoiceLine(appointment.getTreatment().getName(), this.tariff.priceOf(appointment)));
		return this.invoices.save(invoice);
	}

	@Transactional(readOnly = true)
	public List<Invoice> of(long patientId) {
		return this.invoices.findByPatientIdOrderByIssuedDesc(patientId);
	}

	@Transactional(readOnly = true)
	public List<Invoice> all() {
		return this.invoices.findAll();
	}

}
