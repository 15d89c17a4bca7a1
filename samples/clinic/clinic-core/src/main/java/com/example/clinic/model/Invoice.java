package com.example.clinic.model;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

import jakarta.persistence.ElementCollection;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;

/**
 * What a patient owes for the treatments of a day.
 */
@Entity
@Table(name = "invoices")
public class Invoice extends BaseEntity {

	@ManyToOne(fetch = FetchType.EAGER, optional = false)
	private Patient patient;

	private LocalDate issued;

	@ElementCollection(fetch = FetchType.EAGER)
	private List<InvoiceLine> lines = new ArrayList<>();

	@SuppressWarnings("NullAway.Init")
	protected Invoice() {
	}

	public Invoice(Patient patient, LocalDate issued) {
		this.patient = patient;
		this.issued = issued;
	}

	public Patient getPatient() {
		return this.patient;
	}

	public LocalDate getIssued() {
		return this.issued;
	}

	public List<InvoiceLine> getLines() {
		return this.lines;
	}

	public void add(InvoiceLine line) {
		this.lines.add(line);
	}

	public BigDecimal getTotal() {
		return this.lines.stream().map(InvoiceLine::amount).reduce(BigDecimal.ZERO, BigDecimal::add);
	}

	public BigDecimal getOwnShare() {
		BigDecimal percent = BigDecimal.valueOf(100L - this.patient.getInsurance().getPercentCovered());
		return getTotal().multiply(percent).divide(BigDecimal.valueOf(100), 2, RoundingMode.HALF_UP);
	}

}
