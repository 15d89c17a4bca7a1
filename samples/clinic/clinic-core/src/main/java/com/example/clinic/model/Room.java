package com.example.clinic.model;

import jakarta.persistence.Entity;
import jakarta.persistence.Table;

/**
 * A room in which one appointment takes place at a time.
 */
@Entity
@Table(name = "rooms")
public class Room extends NamedEntity {

	private int floor;

	public int getFloor() {
		return this.floor;
	}

	public void setFloor(int floor) {
		this.floor = floor;
	}

}
