package com.example.clinic.model;

import jakarta.persistence.Entity;
import jakarta.persistence.Table;

/**
 * What a practitioner is trained in.
 */
@Entity
@Table(name = "specialties")
public class Specialty extends NamedEntity {

}
