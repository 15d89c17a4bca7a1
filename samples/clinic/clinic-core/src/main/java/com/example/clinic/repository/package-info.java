/**
 * Spring Data repositories, one for each aggregate.
 */
@NullMarked
package com.example.clinic.repository;

import org.jspecify.annotations.NullMarked;
