package com.example.clinic.model;

import java.time.LocalDateTime;

import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.FetchType;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;

/**
 * One patient with one practitioner, in a room, at a time.
 */
@Entity
@Table(name = "appointments")
public class Appointment extends BaseEntity {

	@ManyToOne(fetch = FetchType.EAGER, optional = false)
	private Patient patient;

	@ManyToOne(fetch = FetchType.EAGER, optional = false)
	private Practitioner practitioner;

	@ManyToOne(fetch = FetchType.EAGER, optional = false)
	private Treatment treatment;

	@ManyToOne(fetch = FetchType.EAGER, optional = false)
	private Room room;

	private LocalDateTime begins;

	@Enumerated(EnumType.STRING)
	private AppointmentStatus status = AppointmentStatus.BOOKED;

	@SuppressWarnings("NullAway.Init")
	protected Appointment() {
	}

	public Appointment(Patient patient, Practitioner practitioner, Treatment treatment, Room room,
			LocalDateTime begins) {
		this.patient = patient;
		this.practitioner = practitioner;
		this.treatment = treatment;
		this.room = room;
		this.begins = begins;
	}

	public Patient getPatient() {
		return this.patient;
	}

	public Practitioner getPractitioner() {
		return this.practitioner;
	}

	public Treatment getTreatment() {
		return this.treatment;
	}

	public Room getRoom() {
		return this.room;
	}

	public LocalDateTime getBegins() {
		return this.begins;
	}

	public LocalDateTime getEnds() {
		return this.begins.plusMinutes(this.treatment.getMinutes());
	}

	public AppointmentStatus getStatus() {
		return this.status;
	}

	public void become(AppointmentStatus next) {
		if (!this.status.mayBecome(next)) {
			throw new IllegalStateException("An appointment that is " + this.status + " cannot become " + next);
		}
		this.status = next;
	}

	public boolean overlaps(LocalDateTime from, LocalDateTime until) {
		return this.status == AppointmentStatus.BOOKED && this.begins.isBefore(until) && from.isBefore(getEnds());
	}

}
