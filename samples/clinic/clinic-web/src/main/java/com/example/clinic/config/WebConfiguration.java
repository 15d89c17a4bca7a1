package com.example.clinic.config;

import com.example.clinic.web.RoomConverter;
import com.example.clinic.web.TreatmentConverter;

import org.springframework.context.annotation.Configuration;
import org.springframework.format.FormatterRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Converters of forms.
 */
@Configuration(proxyBeanMethods = false)
public class WebConfiguration implements WebMvcConfigurer {

	private final TreatmentConverter treatments;

	private final RoomConverter rooms;

	public WebConfiguration(TreatmentConverter treatments, RoomConverter rooms) {
		this.treatments = treatments;
		this.rooms = rooms;
	}

	@Override
	public void addFormatters(FormatterRegistry registry) {
		registry.addConverter(this.treatments);
		registry.addConverter(this.rooms);
	}

}
