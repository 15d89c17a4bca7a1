/**
 * The same data as JSON.
 */
@NullMarked
package com.example.clinic.api;

import org.jspecify.annotations.NullMarked;
