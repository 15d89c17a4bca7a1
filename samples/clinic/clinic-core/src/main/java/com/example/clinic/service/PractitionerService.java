package com.example.clinic.service;

import java.util.List;

import com.example.clinic.model.Practitioner;
import com.example.clinic.model.Treatment;
import com.example.clinic.repository.PractitionerRepository;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.domain.Sort;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * Knows the practitioners, who rarely change.
 */
@Service
@Transactional(readOnly = true)
public class PractitionerService {

	private final PractitionerRepository practitioners;

	public PractitionerService(PractitionerRepository practitioners) {
		this.practitioners = practitioners;
	}

	@Cacheable("practitioners")
	public List<Practitioner> all() {
		return this.practitioners.findAll(Sort.by("lastName"));
	}

	public List<Practitioner> whoOffer(Treatment treatment) {
		return all().stream().filter((one) -> one.offers(treatment)).toList();
	}

	public Practitioner get(long id) {
		return this.practitioners.findById(id).orElseThrow(() -> new NotFoundException("practitioner", id));
	}

}
