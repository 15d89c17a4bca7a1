package com.example.clinic.repository;

import java.util.Optional;

import com.example.clinic.model.Specialty;

import org.springframework.data.jpa.repository.JpaRepository;

public interface SpecialtyRepository extends JpaRepository<Specialty, Long> {

	Optional<Specialty> findByName(String name);

}
