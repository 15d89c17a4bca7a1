package com.example.clinic.monitoring;

import com.example.clinic.service.AppointmentService;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * Healthy as long as appointments can be counted.
 */
@Component
public class AppointmentsHealthIndicator implements HealthIndicator {

	private final AppointmentService appointments;

	public AppointmentsHealthIndicator(AppointmentService appointments) {
		this.appointments = appointments;
	}

	@Override
	public Health health() {
		return Health.up().withDetail("open", this.appointments.open()).build();
	}

}
