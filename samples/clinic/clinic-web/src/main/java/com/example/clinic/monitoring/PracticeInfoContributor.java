package com.example.clinic.monitoring;

import java.util.Map;

import com.example.clinic.config.ClinicProperties;

import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.stereotype.Component;

/**
 * Adds the practice's name to the info endpoint.
 */
@Component
public class PracticeInfoContributor implements InfoContributor {

	private final ClinicProperties properties;

	public PracticeInfoContributor(ClinicProperties properties) {
		this.properties = properties;
	}

	@Override
	public void contribute(Info.Builder builder) {
		builder.withDetail("practice", Map.of("name", this.properties.name()));
	}

}
