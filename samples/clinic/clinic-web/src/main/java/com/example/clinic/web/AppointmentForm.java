package com.example.clinic.web;

import java.time.LocalDateTime;

import com.example.clinic.model.Room;
import com.example.clinic.model.Treatment;
import jakarta.validation.constraints.NotNull;
import org.jspecify.annotations.Nullable;

import org.springframework.format.annotation.DateTimeFormat;

/**
 * What is asked when an appointment is booked.
 *
 * @param patientId who comes
 * @param practitionerId to whom
 * @param treatment for what
 * @param room where
 * @param begins when
 */
public record AppointmentForm(long patientId, long practitionerId, @NotNull @Nullable Treatment treatment,
		@NotNull @Nullable Room room,
		@NotNull @InTheFuture @DateTimeFormat(iso = DateTimeFormat.ISO.DATE_TIME) @Nullable LocalDateTime begins) {

	static AppointmentForm empty() {
		return new AppointmentForm(0, 0, null, null, null);
	}

}
