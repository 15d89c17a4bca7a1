package com.example.clinic.model;

/**
 * The life of an appointment.
 */
public enum AppointmentStatus {

	BOOKED, DONE, CANCELLED;

	public boolean mayBecome(AppointmentStatus next) {
		return switch (this) {
			case BOOKED -> next != BOOKED;
			case DONE, CANCELLED -> false;
		};
	}

}
