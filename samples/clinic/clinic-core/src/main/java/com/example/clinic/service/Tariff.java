package com.example.clinic.service;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalTime;

import com.example.clinic.model.Appointment;

import org.springframework.stereotype.Component;

/**
 * What an appointment costs: children pay half, the evening costs more.
 */
@Component
public class Tariff {

	private static final int CHILD_UNTIL = 12;

	private static final LocalTime EVENING = LocalTime.of(17, 0);

	public BigDecimal priceOf(Appointment appointment) {
		BigDecimal price = appointment.getTreatment().getPrice();
		if (appointment.getPatient().ageOn(appointment.getBegins().toLocalDate()) < CHILD_UNTIL) {
			price = price.multiply(new BigDecimal("0.5"));
		}
		if (!appointment.getBegins().toLocalTime().isBefore(EVENING)) {
			price = price.multiply(new BigDecimal("1.25"));
		}
		return price.setScale(2, RoundingMode.HALF_UP);
	}

}
