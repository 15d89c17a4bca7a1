/**
 * Settings and infrastructure.
 */
@NullMarked
package com.example.clinic.config;

import org.jspecify.annotations.NullMarked;
