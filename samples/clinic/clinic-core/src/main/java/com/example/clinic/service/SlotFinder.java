package com.example.clinic.service;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.List;
import java.util.stream.Stream;

import com.example.clinic.model.Appointment;
import com.example.clinic.model.Practitioner;
import com.example.clinic.model.Treatment;

import org.springframework.stereotype.Component;

/**
 * Finds the times of a day at which a treatment can still be booked.
 */
@Component
public class SlotFinder {

	private static final int RASTER_MINUTES = 15;

	private final OpeningHours hours = OpeningHours.usual();

	public List<Slot> free(LocalDate day, Practitioner practitioner, Treatment treatment, List<Appointment> booked) {
		return candidates(day, treatment.getMinutes()).filter(this.hours::include)
			.filter((slot) -> booked.stream().noneMatch((other) -> conflicts(other, practitioner, slot)))
			.toList();
	}

	public boolean isOpen(Slot slot) {
		return this.hours.include(slot);
	}

	private Stream<Slot> candidates(LocalDate day, int minutes) {
		LocalDateTime first = day.atTime(this.hours.opens());
		return Stream.iterate(first, (at) -> at.toLocalDate().equals(day), (at) -> at.plusMinutes(RASTER_MINUTES))
			.map((at) -> Slot.of(at, minutes));
	}

	private boolean conflicts(Appointment other, Practitioner practitioner, Slot slot) {
		return other.getPractitioner().getFullName().equals(practitioner.getFullName())
				&& other.overlaps(slot.begins(), slot.ends());
	}

}
