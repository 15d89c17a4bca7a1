package com.example.clinic.model;

/**
 * Who pays, and which share of it.
 */
public enum Insurance {

	NONE(0), PUBLIC(80), PRIVATE(100);

	private final int percentCovered;

	Insurance(int percentCovered) {
		this.percentCovered = percentCovered;
	}

	public int getPercentCovered() {
		return this.percentCovered;
	}

}
