package com.example.clinic.service;

/**
 * The room or the practitioner is busy at that time.
 */
public class SlotTakenException extends RuntimeException {

	private final Slot slot;

	public SlotTakenException(Slot slot) {
		super("The time from " + slot.begins() + " to " + slot.ends() + " is taken");
		this.slot = slot;
	}

	public Slot getSlot() {
		return this.slot;
	}

}
