package com.example.clinic.model;

import jakarta.persistence.Embeddable;

/**
 * Where a patient lives.
 */
@Embeddable
public class Address {

	private String street = "";

	private String city = "";

	private String postcode = "";

	public String getStreet() {
		return this.street;
	}

	public void setStreet(String street) {
		this.street = street;
	}

	public String getCity() {
		return this.city;
	}

	public void setCity(String city) {
		this.city = city;
	}

	public String getPostcode() {
		return this.postcode;
	}

	public void setPostcode(String postcode) {
		this.postcode = postcode;
	}

	public String oneLine() {
		return this.street + ", " + this.postcode + " " + this.city;
	}

}
