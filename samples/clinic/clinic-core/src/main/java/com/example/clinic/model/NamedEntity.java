package com.example.clinic.model;

import jakarta.persistence.Column;
import jakarta.persistence.MappedSuperclass;
import jakarta.validation.constraints.NotBlank;

/**
 * An entity that people know by its name.
 */
@MappedSuperclass
public abstract class NamedEntity extends BaseEntity {

	@Column(nullable = false)
	@NotBlank
	private String name = "";

	public String getName() {
		return this.name;
	}

	public void setName(String name) {
		this.name = name;
	}

	@Override
	public String toString() {
		return this.name;
	}

}
