package com.example.clinic.web;

import java.time.Clock;
import java.time.LocalDateTime;

import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import org.jspecify.annotations.Nullable;

import org.springframework.stereotype.Component;

/**
 * Checks {@link InTheFuture}.
 */
@Component
public class InTheFutureValidator implements ConstraintValidator<InTheFuture, LocalDateTime> {

	private final Clock clock;

	public InTheFutureValidator(Clock clock) {
		this.clock = clock;
	}

	@Override
	public boolean isValid(@Nullable LocalDateTime time, ConstraintValidatorContext context) {
		return time == null || time.isAfter(LocalDateTime.now(this.clock));
	}

}
