package com.example.clinic.config;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the practice.
 *
 * @param name what it calls itself
 * @param motto what it greets its patients with
 * @param cacheFor how long lists that rarely change are kept
 */
@ConfigurationProperties("clinic")
public record ClinicProperties(@DefaultValue("Clinic") String name, @DefaultValue("Welcome") String motto,
		@DefaultValue("10m") Duration cacheFor) {

}
