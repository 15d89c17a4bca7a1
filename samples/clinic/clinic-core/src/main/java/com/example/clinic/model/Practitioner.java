package com.example.clinic.model;

import java.util.LinkedHashSet;
import java.util.Set;

import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.JoinTable;
import jakarta.persistence.ManyToMany;
import jakarta.persistence.Table;

/**
 * Someone who treats patients.
 */
@Entity
@Table(name = "practitioners")
public class Practitioner extends Person {

	@ManyToMany(fetch = FetchType.EAGER)
	@JoinTable(name = "practitioner_specialties")
	private Set<Specialty> specialties = new LinkedHashSet<>();

	public Set<Specialty> getSpecialties() {
		return this.specialties;
	}

	public boolean offers(Treatment treatment) {
		Specialty wanted = treatment.getSpecialty();
		return wanted == null || this.specialties.stream().anyMatch((own) -> own.getName().equals(wanted.getName()));
	}

}
