package com.example.clinic.config;

import com.github.benmanes.caffeine.cache.Caffeine;

import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.caffeine.CaffeineCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Keeps what rarely changes.
 */
@Configuration(proxyBeanMethods = false)
@EnableCaching
public class CacheConfiguration {

	@Bean
	CacheManager cacheManager(ClinicProperties properties) {
		CaffeineCacheManager manager = new CaffeineCacheManager("practitioners", "treatments", "rooms");
		manager.setCaffeine(Caffeine.newBuilder().expireAfterWrite(properties.cacheFor()).maximumSize(500));
		return manager;
	}

}
