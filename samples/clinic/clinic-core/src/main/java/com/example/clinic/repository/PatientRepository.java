package com.example.clinic.repository;

import java.util.List;

import com.example.clinic.model.Patient;

import org.springframework.data.jpa.repository.JpaRepository;

public interface PatientRepository extends JpaRepository<Patient, Long> {

	List<Patient> findByLastNameStartingWithIgnoreCaseOrderByLastName(String beginning);

}
