package com.example.clinic.model;

import java.math.BigDecimal;

import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;
import org.jspecify.annotations.Nullable;

/**
 * What the practice offers, how long it takes and what it costs.
 */
@Entity
@Table(name = "treatments")
public class Treatment extends NamedEntity {

	private int minutes;

	private BigDecimal price = BigDecimal.ZERO;

	@ManyToOne(fetch = FetchType.EAGER)
	private @Nullable Specialty specialty;

	public int getMinutes() {
		return this.minutes;
	}

	public void setMinutes(int minutes) {
		this.minutes = minutes;
	}

	public BigDecimal getPrice() {
		return this.price;
	}

	public void setPrice(BigDecimal price) {
		this.price = price;
	}

	public @Nullable Specialty getSpecialty() {
		return this.specialty;
	}

	public void setSpecialty(@Nullable Specialty specialty) {
		this.specialty = specialty;
	}

}
