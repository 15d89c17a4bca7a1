package com.example.clinic.service;

/**
 * Nothing with that number is known.
 */
public class NotFoundException extends RuntimeException {

	public NotFoundException(String what, long id) {
		super("No " + what + " has the number " + id);
	}

}
