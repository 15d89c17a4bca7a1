package com.example.clinic.model;

import java.time.LocalDate;
import java.time.Period;

import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Table;
import org.jspecify.annotations.Nullable;

/**
 * Someone who is treated here.
 */
@Entity
@Table(name = "patients")
public class Patient extends Person {

	private @Nullable LocalDate birthDate;

	private String telephone = "";

	@Embedded
	private Address address = new Address();

	@Enumerated(EnumType.STRING)
	private Insurance insurance = Insurance.NONE;

	public @Nullable LocalDate getBirthDate() {
		return this.birthDate;
	}

	public void setBirthDate(@Nullable LocalDate birthDate) {
		this.birthDate = birthDate;
	}

	public String getTelephone() {
		return this.telephone;
	}

	public void setTelephone(String telephone) {
		this.telephone = telephone;
	}

	public Address getAddress() {
		return this.address;
	}

	public void setAddress(Address address) {
		this.address = address;
	}

	public Insurance getInsurance() {
		return this.insurance;
	}

	public void setInsurance(Insurance insurance) {
		this.insurance = insurance;
	}

	public int ageOn(LocalDate day) {
		LocalDate born = this.birthDate;
		return (born != null) ? Period.between(born, day).getYears() : 0;
	}

}
