package com.example.clinic.repository;

import com.example.clinic.model.Practitioner;

import org.springframework.data.jpa.repository.JpaRepository;

public interface PractitionerRepository extends JpaRepository<Practitioner, Long> {

}
