package com.example.clinic.web;

import java.time.LocalDate;

import com.example.clinic.model.Address;
import com.example.clinic.model.Insurance;
import com.example.clinic.model.Patient;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Past;
import jakarta.validation.constraints.Pattern;
import org.jspecify.annotations.Nullable;

import org.springframework.format.annotation.DateTimeFormat;

/**
 * What is asked of a new patient.
 *
 * @param firstName first name
 * @param lastName last name
 * @param birthDate date of birth
 * @param telephone digits only
 * @param street street and number
 * @param postcode postcode
 * @param city city
 * @param insurance who pays
 */
public record PatientForm(@NotBlank String firstName, @NotBlank String lastName,
		@NotNull @Past @DateTimeFormat(iso = DateTimeFormat.ISO.DATE) @Nullable LocalDate birthDate,
		@Pattern(regexp = "\\d{5,15}", message = "{telephone.invalid}") String telephone, String street,
		String postcode, String city, @NotNull @Nullable Insurance insurance) {

	static PatientForm empty() {
		return new PatientForm("", "", null, "", "", "", "", Insurance.PUBLIC);
	}

	Patient toPatient() {
		Address address = new Address();
		address.setStreet(this.street);
		address.setPostcode(this.postcode);
		address.setCity(this.city);
		Patient patient = new Patient();
		patient.setFirstName(this.firstName);
		patient.setLastName(this.lastName);
		patient.setBirthDate(this.birthDate);
		patient.setTelephone(this.telephone);
		patient.setAddress(address);
		if (this.insurance != null) {
			patient.setInsurance(this.insurance);
		}
		return patient;
	}

}
