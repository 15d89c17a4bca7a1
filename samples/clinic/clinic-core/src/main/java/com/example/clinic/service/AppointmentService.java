package com.example.clinic.service;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.List;

import com.example.clinic.model.Appointment;
import com.example.clinic.model.AppointmentStatus;
import com.example.clinic.model.Patient;
import com.example.clinic.model.Practitioner;
import com.example.clinic.model.Room;
import com.example.clinic.model.Treatment;
import com.example.clinic.repository.AppointmentRepository;

import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * Books, cancels and completes appointments.
 */
@Service
@Transactional
public class AppointmentService {

	private final AppointmentRepository appointments;

	private final SlotFinder slots;

	private final BillingService billing;

	public AppointmentService(AppointmentRepository appointments, SlotFinder slots, BillingService billing) {
		this.appointments = appointments;
		this.slots = slots;
		this.billing = billing;
	}

	@Transactional(readOnly = true)
	public List<Appointment> on(LocalDate day) {
		return this.appointments.findByBeginsBetweenOrderByBegins(day.atStartOfDay(), day.plusDays(1).atStartOfDay());
	}

	@Transactional(readOnly = true)
	public List<Appointment> of(long patientId) {
		return this.appointments.findByPatientIdOrderByBegins(patientId);
	}

	@Transactional(readOnly = true)
	public List<Slot> free(LocalDate day, Practitioner practitioner, Treatment treatment) {
		return this.slots.free(day, practitioner, treatment, on(day));
	}

	public Appointment book(Patient patient, Practitioner practitioner, Treatment treatment, Room room,
			LocalDateTime begins) {
		Slot slot = Slot.of(begins, treatment.getMinutes());
		if (!this.slots.isOpen(slot) || isTaken(practitioner, room, slot)) {
			throw new SlotTakenException(slot);
		}
		return this.appointments.save(new Appointment(patient, practitioner, treatment, room, begins));
	}

	public void cancel(long id) {
		get(id).become(AppointmentStatus.CANCELLED);
	}

	public void complete(long id, LocalDate day) {
		Appointment appointment = get(id);
		appointment.become(AppointmentStatus.DONE);
		this.billing.bill(appointment, day);
	}

	@Transactional(readOnly = true)
	public long open() {
		return this.appointments.countByStatus(AppointmentStatus.BOOKED);
	}

	private Appointment get(long id) {
		return this.appointments.findById(id).orElseThrow(() -> new NotFoundException("appointment", id));
	}

	private boolean isTaken(Practitioner practitioner, Room room, Slot slot) {
		return on(slot.begins().toLocalDate()).stream()
			.filter((other) -> other.getRoom().getName().equals(room.getName())
					|| other.getPractitioner().getFullName().equals(practitioner.getFullName()))
			.anyMatch((other) -> other.overlaps(slot.begins(), slot.ends()));
	}

}
