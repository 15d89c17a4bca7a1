package com.example.clinic.repository;

import com.example.clinic.model.Treatment;

import org.springframework.data.jpa.repository.JpaRepository;

public interface TreatmentRepository extends JpaRepository<Treatment, Long> {

}
