package com.example.clinic.repository;

import java.time.LocalDateTime;
import java.util.List;

import com.example.clinic.model.Appointment;
import com.example.clinic.model.AppointmentStatus;

import org.springframework.data.jpa.repository.JpaRepository;

public interface AppointmentRepository extends JpaRepository<Appointment, Long> {

	List<Appointment> findByBeginsBetweenOrderByBegins(LocalDateTime from, LocalDateTime until);

	List<Appointment> findByPatientIdOrderByBegins(Long patientId);

	long countByStatus(AppointmentStatus status);

}
