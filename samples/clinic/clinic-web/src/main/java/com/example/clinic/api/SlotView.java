package com.example.clinic.api;

import java.time.LocalTime;

import com.example.clinic.service.Slot;

/**
 * A free time as JSON.
 *
 * @param from its beginning
 * @param until its end
 */
public record SlotView(LocalTime from, LocalTime until) {

	static SlotView of(Slot slot) {
		return new SlotView(slot.begins().toLocalTime(), slot.ends().toLocalTime());
	}

}
