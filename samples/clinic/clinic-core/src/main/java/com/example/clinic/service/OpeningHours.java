package com.example.clinic.service;

import java.time.DayOfWeek;
import java.time.LocalTime;
import java.util.EnumSet;
import java.util.Set;

/**
 * When the practice is open.
 *
 * @param opens when the first appointment may begin
 * @param closes when the last one must have ended
 */
public record OpeningHours(LocalTime opens, LocalTime closes) {

	private static final Set<DayOfWeek> CLOSED = EnumSet.of(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY);

	public static OpeningHours usual() {
		return new OpeningHours(LocalTime.of(8, 0), LocalTime.of(18, 0));
	}

	public boolean include(Slot slot) {
		return !CLOSED.contains(slot.begins().getDayOfWeek())
				&& slot.begins().toLocalDate().equals(slot.ends().toLocalDate())
				&& !slot.begins().toLocalTime().isBefore(this.opens) && !slot.ends().toLocalTime().isAfter(this.closes);
	}

}
