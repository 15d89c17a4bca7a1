/**
 * Health and information for the actuator.
 */
@NullMarked
package com.example.clinic.monitoring;

import org.jspecify.annotations.NullMarked;
