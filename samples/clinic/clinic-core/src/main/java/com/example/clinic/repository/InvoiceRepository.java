package com.example.clinic.repository;

import java.util.List;

import com.example.clinic.model.Invoice;

import org.springframework.data.jpa.repository.JpaRepository;

public interface InvoiceRepository extends JpaRepository<Invoice, Long> {

	List<Invoice> findByPatientIdOrderByIssuedDesc(Long patientId);

}
