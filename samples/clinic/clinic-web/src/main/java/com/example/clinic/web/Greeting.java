package com.example.clinic.web;

import java.time.Clock;
import java.time.LocalTime;

import com.example.clinic.config.ClinicProperties;

import org.springframework.stereotype.Component;

/**
 * Greets by the time of day.
 */
@Component
public class Greeting {

	private final ClinicProperties properties;

	private final Clock clock;

	public Greeting(ClinicProperties properties, Clock clock) {
		this.properties = properties;
		this.clock = clock;
	}

	public String text() {
		return salutation() + "! " + this.properties.motto();
	}

	private String salutation() {
		int hour = LocalTime.now(this.clock).getHour();
		if (hour < 12) {
			return "Good morning";
		}
		return (hour < 18) ? "Good afternoon" : "Good evening";
	}

}
