package com.example.clinic.web;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import jakarta.validation.Constraint;
import jakarta.validation.Payload;

/**
 * A time that has not come yet, by the application's clock.
 */
@Documented
@Target({ ElementType.FIELD, ElementType.PARAMETER, ElementType.METHOD })
@Retention(RetentionPolicy.RUNTIME)
@Constraint(validatedBy = InTheFutureValidator.class)
public @interface InTheFuture {

	String message() default "{appointment.past}";

	Class<?>[] groups() default {};

	Class<? extends Payload>[] payload() default {};

}
