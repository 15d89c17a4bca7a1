package com.example.clinic.service;

import java.time.LocalDateTime;

/**
 * A span of time.
 *
 * @param begins its first moment
 * @param ends the moment after its last
 */
public record Slot(LocalDateTime begins, LocalDateTime ends) {

	public Slot {
		if (!begins.isBefore(ends)) {
			throw new IllegalArgumentException("A slot ends after it begins");
		}
	}

	public static Slot of(LocalDateTime begins, int minutes) {
		return new Slot(begins, begins.plusMinutes(minutes));
	}

}
