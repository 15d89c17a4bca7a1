package com.example.clinic.model;

import jakarta.persistence.Column;
import jakarta.persistence.MappedSuperclass;
import jakarta.validation.constraints.NotBlank;

/**
 * A person with a first and a last name.
 */
@MappedSuperclass
public abstract class Person extends BaseEntity {

	@Column(nullable = false)
	@NotBlank
	private String firstName = "";

	@Column(nullable = false)
	@NotBlank
	private String lastName = "";

	public String getFirstName() {
		return this.firstName;
	}

	public void setFirstName(String firstName) {
		this.firstName = firstName;
	}

	public String getLastName() {
		return this.lastName;
	}

	public void setLastName(String lastName) {
		this.lastName = lastName;
	}

	public String getFullName() {
		return this.firstName + " " + this.lastName;
	}

}
